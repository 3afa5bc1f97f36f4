"""WatchRuns: is a run late, or a question about to go unanswered?"""
