"""The pure heart: no Flask, no database, no environment, no clock of its own."""
