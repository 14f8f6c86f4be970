"""The dataset taken away: in formats that other tools read, with a card that says what it is."""
