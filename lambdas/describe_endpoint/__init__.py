"""DescribeEndpoint: does it serve what was asked for?"""
