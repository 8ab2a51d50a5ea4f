-- Where the new rows of a rebuild go. The columns stand in projections/storage/columns.py.

-- name: load_class
COPY projections.purchased_class ({class_columns}) FROM STDIN (FORMAT binary)

-- name: load_purchase
COPY projections.purchase ({purchase_columns}) FROM STDIN (FORMAT binary)

-- name: load_counts
COPY projections.counted (partner_id, metric, n, value, package_code, class_code) FROM STDIN (FORMAT binary)
