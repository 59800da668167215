"""Many bookings through the embedded AWS while functions are killed, and the books compared afterwards."""
