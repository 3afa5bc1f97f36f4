"""ReportBatchFault: is the candidate good enough to ask a person about?"""
