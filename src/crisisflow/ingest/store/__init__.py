"""The store: what was taken, what was decided and what was sent, on disk before anybody is told.

`interface.Store` says what every store must do; tests/unit/ingest/store_contract.py is the contract that every
implementation runs. `sqlite` is the one that is built. `folder` opens the store of a folder.
"""
