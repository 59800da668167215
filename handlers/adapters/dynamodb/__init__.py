"""Orders and stock in one DynamoDB table."""
