"""The API: who is asking, and for what. The state machine still decides."""
