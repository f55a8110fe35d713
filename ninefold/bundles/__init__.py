"""Bundles: what is deployed. A folder with a portable model, its encoding, schema, decision, golden rows, manifest and signature."""
