"""Sets a checkout up: the virtual environment, packages, assets, system libraries, a browser, translations."""
