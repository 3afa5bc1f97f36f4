"""What EvaluateModel measures, one file for each part of its report."""
