"""RunSmokeTests: does the live endpoint answer as it must?"""
