"""A generator as a page for browsers that runs without a server and makes no request."""
