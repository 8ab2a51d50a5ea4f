"""What the words of the contract mean, a sentence or two each, for people who meet them on a page."""

from collections.abc import Mapping
from typing import Final

from services.language.marking import to_say

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    to_say("What is counted"): {
        "purchased": to_say(
            "One class of one participant at one partner with at least one purchase. Bought twice, it counts once; "
            "refunded ones are counted, too."
        ),
        "started": to_say(
            "The partner reported anything at all on it: an opening, progress, a result."
        ),
        "completed": to_say(
            "The partner reported the completion. Progress of 100 percent, or a certificate alone, is no completion."
        ),
        "in_progress": to_say("Something was reported, but no completion."),
        "never_reported": to_say(
            "It was purchased, and the partner never reported a word on it. Silence is not failure: nobody knows."
        ),
        "assessed": to_say(
            "There is a result of a post-test or of a performance test. Pre-tests and assignments are recorded, but "
            "they do not assess the class."
        ),
        "passed": to_say(
            "A result that assesses the class was a pass: by the partner's verdict, or by a score from the class's "
            "pass mark on."
        ),
        "failed": to_say("There are results that assess the class, and none of them was a pass."),
        "not_assessed": to_say("No result that assesses the class is known."),
        "satisfied": to_say(
            "The class's own rule is met. The rule is one of those below; where a class states none, it asks for "
            "completion and a pass."
        ),
        "reviewed": to_say("The participant rated the class, from 1 to 5 stars."),
        "refunded": to_say("Every purchase of the class was given back."),
        "evidence": to_say(
            "What a partner reported about a participant's class: progress, results, attendance, a certificate, a "
            "review. It may arrive before a purchase, or without one."
        ),
        "attendance": to_say(
            "That the participant was at a meeting. Evidence, but never a completion."
        ),
        "silence": to_say(
            "How long ago the classes were bought on which the partner never reported a word."
        ),
    },
    to_say("A class's rule for being satisfied"): {
        "Completed": to_say("The completion is enough."),
        "Passed": to_say("A pass is enough, with or without a reported completion."),
        "CompletedAndPassed": to_say(
            "Both are needed: the completion and a pass. This is the usual rule."
        ),
        "CompletedOrPassed": to_say("One of the two is enough: the completion or a pass."),
        "NotApplicable": to_say(
            "The class asks for neither: it is satisfied once it is purchased."
        ),
    },
    to_say("Packages"): {
        "complete": to_say("Each of its classes was completed."),
        "incomplete": to_say("At least one of its classes was not completed."),
        "unresolved": to_say(
            "The partner has not published the package, so that nobody knows which classes it holds. It resolves by "
            "itself when the package is published."
        ),
        "after_sales_end": to_say(
            "Paid at or after the moment from which packages could no longer be sold. Earlier purchases stay valid."
        ),
    },
    to_say("Rupiah"): {
        "paid": to_say("The sum of the class's prices over its purchases."),
        "net": to_say("Paid less refunded."),
        "stated": to_say("The price stands in the purchase, beside the class."),
        "allocated": to_say(
            "The price is an even share of what the stated prices leave of the payment's amount, in whole rupiah."
        ),
        "unpriced": to_say("Neither a price nor an amount is known."),
        "unallocated": to_say(
            "Paid for packages that are not published yet; it is in no other figure."
        ),
        "amount_differs": to_say(
            "Every price is stated, and their sum is not the amount that was paid."
        ),
    },
    to_say("What does not fit together"): {
        "package_after_sales_end": to_say(
            "It was bought in a package after packages could no longer be sold."
        ),
        "certificate_without_completion": to_say(
            "There is a certificate, but no completion was reported."
        ),
        "completed_without_assessment": to_say("It was completed, but no result assesses it."),
        "evidence_before_purchase": to_say(
            "Something was reported that happened before the first purchase."
        ),
        "evidence_after_refund": to_say("Something was reported that happened after the refund."),
        "purchased_twice": to_say("There are two purchases of it, or more."),
    },
    to_say("Records from the partners"): {
        "accepted": to_say("The record became an event, which counts."),
        "duplicate": to_say(
            "The same event arrived before, with the same content. It is harmless."
        ),
        "rejected": to_say(
            "The record could not be accepted. It is kept, with a sentence saying what to correct."
        ),
        "lag": to_say("Records that lie in Kafka and are not read yet."),
        "gaps": to_say("Running numbers that never arrived, where a partner numbers its events."),
    },
}
"""Heading to name to meaning, in the order of a page."""
