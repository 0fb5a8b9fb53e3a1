"""`/learn`: the lesson, the quiz and the glossary. Open to strangers; nothing is stored."""
