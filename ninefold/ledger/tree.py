"""The Merkle tree of RFC 9162: any set of facts has one root, and any edit, removal or reordering changes it.

A leaf's hash is SHA-256(0x00 || bytes), a node's SHA-256(0x01 || left || right). ``Tree`` keeps only the roots of the
perfect subtrees (at most 64 of them), which is enough to append and to know the root.
"""

import hashlib
from collections.abc import Iterable, Sequence

from ninefold.errors import UsageError


def leaf_hash(content: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree: its size and the roots of its perfect subtrees, largest first.

    >>> tree = Tree()
    >>> for content in (b"a", b"b", b"c"):
    ...     tree.add(leaf_hash(content))
    >>> tree.size, len(tree.peaks), tree.root() == root_of([leaf_hash(c) for c in (b"a", b"b", b"c")])
    (3, 2, True)
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size, self.peaks = size, list(peaks)

    def add(self, leaf: bytes) -> None:
        """Appends a leaf's hash: as many subtrees merge as the old size has trailing one bits."""
        size = self.size
        while size & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves; of an empty tree SHA-256 of nothing."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def copy(self) -> "Tree":
        """Another tree with the same leaves."""
        return Tree(self.size, self.peaks)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The proof that leaf ``index`` (from 0) is among ``leaves`` (RFC 9162, 2.1.3.1): siblings from the leaf upwards."""
    if not 0 <= index < len(leaves):
        raise UsageError(f"there is no leaf {index} among {len(leaves)}", hint=f"give 0 to {len(leaves) - 1}")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion(leaves[:k], index), root_of(leaves[k:])]
    return [*inclusion(leaves[k:], index - k), root_of(leaves[:k])]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows that ``leaf`` stands at ``index`` of the tree with that ``size`` and ``root`` (RFC 9162, 2.1.3.2).

    >>> leaves = [leaf_hash(bytes([i])) for i in range(7)]
    >>> includes(leaves[3], 3, 7, inclusion(leaves, 3), root_of(leaves)), includes(leaves[2], 3, 7, inclusion(leaves, 3), root_of(leaves))
    (True, False)
    """
    if not 0 <= index < size:
        return False
    fn, sn, got = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            got = node_hash(sibling, got)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            got = node_hash(got, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and got == root


def consistency(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """The proof that the first ``size`` leaves are a prefix of all (RFC 9162, 2.1.4.1)."""
    if not 0 < size <= len(leaves):
        raise UsageError(f"there is no earlier tree of {size} leaves among {len(leaves)}", hint=f"give 1 to {len(leaves)}")
    return _subproof(leaves, size, True)


def _subproof(leaves: Sequence[bytes], size: int, known: bool) -> list[bytes]:
    if size == len(leaves):
        return [] if known else [root_of(leaves)]
    k = _split(len(leaves))
    if size <= k:
        return [*_subproof(leaves[:k], size, known), root_of(leaves[k:])]
    return [*_subproof(leaves[k:], size - k, False), root_of(leaves[:k])]


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the tree of ``second`` leaves begins with the tree of ``first`` (RFC 9162, 2.1.4.2).

    >>> leaves = [leaf_hash(bytes([i])) for i in range(7)]
    >>> consistent(3, root_of(leaves[:3]), 7, root_of(leaves), consistency(leaves, 3))
    True
    """
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == first_root and new == second_root
