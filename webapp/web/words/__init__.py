"""Words for what the code decides and stores: its own values are English identifiers, these are for people."""
