"""Read tokens and keys that are pasted into the inspector. Pure; nothing is kept."""
