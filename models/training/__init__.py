"""How policies and taggers are trained and calibrated."""
