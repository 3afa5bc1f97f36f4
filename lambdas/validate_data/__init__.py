"""ValidateData: may a model be trained on this data?"""
