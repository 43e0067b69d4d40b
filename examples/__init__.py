"""Example songs for Groove-Guide, and the scripts that compose and render them."""
