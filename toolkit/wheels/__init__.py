"""From wheels to files in an image: installation, bytecode, collisions, native libraries."""
