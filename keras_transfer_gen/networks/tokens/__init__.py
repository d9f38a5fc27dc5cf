"""Networks over tokens: images to a grid of codes, codes to images, and a transformer over the grid."""
