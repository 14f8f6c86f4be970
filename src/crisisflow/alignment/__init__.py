"""Character spans to BIO labels on subwords."""
