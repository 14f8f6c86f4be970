"""The channels: webhook, e-mail, folder, and those of other packages."""
