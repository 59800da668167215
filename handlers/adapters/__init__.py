"""The ports on AWS: DynamoDB, S3, SQS, and a sandbox gateway with its own table."""
