"""The studies: each reproduces one paper. A study uses the shared rooms, and no other study."""
