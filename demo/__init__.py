"""The demo: the whole product on simulated gateways, with people that were made up. See bin/demo."""
