"""Sources: where posts come from. `source` says what each of them is given and must do."""
