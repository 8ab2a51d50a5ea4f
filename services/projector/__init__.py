"""The project service: keeps rows in line with the catalogue, and tells partners what was rejected and answered."""
