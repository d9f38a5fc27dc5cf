"""From a name, path or address to files on disk: presets, downloads with checksums, archives, the hub cache."""
