"""What the Makefile, the book and the tests need besides the package."""
