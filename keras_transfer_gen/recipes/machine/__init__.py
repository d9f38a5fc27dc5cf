"""What this machine has: versions, devices, memory, disk, network, caches; for `ktg doctor` and `ktg cache`."""
