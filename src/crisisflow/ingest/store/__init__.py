"""The store: what was taken, what was decided and what was sent, on disk before anybody is told.

`interface.Store` says what every store must do; tests/unit/ingest/store_contract.py is the contract that every
implementation runs. `tables` has what is the same in all databases, `sqlite` and `postgres` what is theirs alone.
`opening` opens the store of a folder or of an address.
"""
