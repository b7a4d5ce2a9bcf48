"""Runs the product's processes on one machine: starts them in order, keeps them running, leaves none behind.

Only the standard library is imported here (replica_set.py is a program of its own), because this code runs before and
outside Django: from bin/setup, bin/services and the tests' session.
"""
