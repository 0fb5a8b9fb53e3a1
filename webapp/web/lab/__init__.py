"""What the lab shows: the board, the timeline, the cards, and the theatre that plays against this very application."""
