"""The ports, on AWS: DynamoDB, S3, SQS, and a sandbox gateway on a table of its own."""
