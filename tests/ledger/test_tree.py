"""The tree is RFC 9162's: roots by its recursive definition, proofs that hold and proofs that do not."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.ledger.tree import consistency, consistent, includes, inclusion, leaf_hash, node_hash, root_of

LEAVES = [leaf_hash(bytes([i])) for i in range(70)]


def defined(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) as the RFC writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(defined(leaves[:k]), defined(leaves[k:]))


@pytest.mark.parametrize("size", range(70))
def test_the_root_is_the_recursive_one(size: int) -> None:
    assert root_of(LEAVES[:size]) == defined(LEAVES[:size])


@given(st.integers(1, 70), st.data())
def test_a_leaf_is_proven_in_its_place_only(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    proof = inclusion(LEAVES[:size], index)
    assert includes(LEAVES[other], index, size, proof, root_of(LEAVES[:size])) == (index == other)


@given(st.integers(1, 70), st.data())
def test_an_earlier_tree_is_proven_to_be_a_prefix(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size))
    proof, root = consistency(LEAVES[:size], first), root_of(LEAVES[:size])
    assert consistent(first, root_of(LEAVES[:first]), size, root, proof)
    assert not consistent(first, root_of(LEAVES[1 : first + 1]), size, root, proof)
