"""A project as an object: what notebooks and scripts work with."""
