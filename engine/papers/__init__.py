"""What leaves the bank's desk as a PDF: papers made of blocks, set in Chinese by a typesetter that comes with Vigil.

paper = paper.Paper(title, ...)          what it says: plain data, in the reader's language
press.pdf(paper, photos)                 the file, with the fonts in it
"""
