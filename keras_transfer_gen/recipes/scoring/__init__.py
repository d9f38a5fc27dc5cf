"""The protocols of every score: KID, ELBO, the full evaluation, the distance from a source."""
