"""Groove-Guide's library: a song in; its genre, segment by segment, and the sound of why out."""
