"""Photos of visits: taken in safely, stamped, kept under their digest, and found again when handed in twice.

photo = intake.take(data)                       # refuses bombs, fakes and damage with a sentence
key = store.Folder(root).put(photo.jpeg)
copy = watermark.stamped(photo.jpeg, watermark.Stamp(...))
reuse.Index(ids, hashes).search(photo.print, thumbs)
"""
