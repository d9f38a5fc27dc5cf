"""A local gallery of generated images: a small web server over one model or two."""
