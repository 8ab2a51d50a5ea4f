-- Where the new rows of a rebuild go. Columns in the order of projections/loading.py.

-- name: load_class
COPY projections.purchased_class (partner_id, purchase, completion, assessment, flags, satisfied, purchased_at,
                                  best_scaled, pre_test_scaled, taken_seconds, rating, drop_off, paid,
                                  paid_refunded, allocated, price_is, person, class_code, package_codes)
FROM STDIN (FORMAT binary)

-- name: load_purchase
COPY projections.purchase (partner_id, unresolved, after_sales_end, withdrawn, refunded, amount_differs, unallocated,
                           purchased_at, complete, purchase_id,
                           person, package_code, class_codes, missing, packages)
FROM STDIN (FORMAT binary)

-- name: load_counts
COPY projections.counted (partner_id, metric, n, value, package_code, class_code) FROM STDIN (FORMAT binary)
