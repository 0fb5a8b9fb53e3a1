"""Read what somebody pastes into the inspector: tokens and keys. Pure, and nothing of it is kept."""
