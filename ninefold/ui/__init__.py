"""Pages: what facts say, set to be read. Data by ``views``, text by ``templates``, pictures by ``charts``."""
