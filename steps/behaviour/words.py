"""Words that come with the code, in English."""

from __future__ import annotations

# Given often in the United States (Social Security Administration), without those that are words as well.
FIRST_NAMES = (
    *("James", "John", "Robert", "Michael", "David", "Richard", "Joseph", "Thomas", "Charles", "Daniel"),
    *("Matthew", "Anthony", "Steven", "Andrew", "Kenneth", "Kevin", "Brian", "George", "Timothy", "Ronald"),
    *("Edward", "Jason", "Jeffrey", "Ryan", "Jacob", "Nicholas", "Jonathan", "Stephen", "Larry", "Justin"),
    *("Mary", "Patricia", "Jennifer", "Linda", "Elizabeth", "Barbara", "Susan", "Jessica", "Karen", "Sarah"),
    *("Lisa", "Nancy", "Sandra", "Margaret", "Ashley", "Kimberly", "Emily", "Donna", "Michelle", "Carol"),
    *("Amanda", "Melissa", "Deborah", "Stephanie", "Rebecca", "Laura", "Sharon", "Cynthia", "Kathleen", "Amy"),
)

# Source of the pairs: those that Ribeiro et al.'s CheckList expands, and the remaining common negations.
CONTRACTIONS = {
    "aren't": "are not",
    "can't": "cannot",
    "couldn't": "could not",
    "didn't": "did not",
    "doesn't": "does not",
    "don't": "do not",
    "hadn't": "had not",
    "hasn't": "has not",
    "haven't": "have not",
    "he'll": "he will",
    "i'd": "i would",
    "i'll": "i will",
    "i'm": "i am",
    "i've": "i have",
    "isn't": "is not",
    "it'll": "it will",
    "it's": "it is",
    "she'll": "she will",
    "shouldn't": "should not",
    "that's": "that is",
    "there's": "there is",
    "they'll": "they will",
    "they're": "they are",
    "they've": "they have",
    "wasn't": "was not",
    "we'll": "we will",
    "we're": "we are",
    "we've": "we have",
    "weren't": "were not",
    "what's": "what is",
    "who's": "who is",
    "won't": "will not",
    "wouldn't": "would not",
    "you'd": "you would",
    "you'll": "you will",
    "you're": "you are",
    "you've": "you have",
}
