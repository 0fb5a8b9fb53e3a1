"""Words for what the code decides and stores. Its own values are English identifiers, these are for people."""
