"""Recipe, engine, and the loop that trains lanes."""
