"""What a network sees of a state and what it predicts of the next: angles, frames, stops and contacts."""
