"""The pages of accounts: signing in, one's own account, and for administrators everybody's. They work without any script."""
