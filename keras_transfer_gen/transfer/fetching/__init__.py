"""From a name, path or address to files on disk: presets, addresses, checked downloads, archives, the cache."""
