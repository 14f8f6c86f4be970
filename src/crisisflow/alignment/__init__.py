"""Chapter 3: character spans to BIO labels on subwords."""
