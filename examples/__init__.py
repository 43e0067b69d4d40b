"""Songs to try Groove-Guide with, and the code that composed them."""
