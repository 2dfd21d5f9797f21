"""What people see of training and evaluation: bars, plots, tables."""
